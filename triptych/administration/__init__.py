"""How a gateway is administered: its clients, people, plans and keys, over HTTP and from the command line."""
