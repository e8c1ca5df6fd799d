"""How a service is served: the boundary around its operations, and the HTTP in front of that."""
