"""What the authorization server answers over HTTP, one file for each endpoint."""
