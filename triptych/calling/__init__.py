"""How one service calls another: the same policies in every placement, in process or over HTTP."""
