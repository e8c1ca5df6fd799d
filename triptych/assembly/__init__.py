"""Puts the landscape together: finds the services, hands each what its constructor asks for."""
