"""Runs processes: everything in one (`triptych up`), or one service (`triptych serve`)."""
