"""The portal: which services there are and how each is used, rendered here, with nothing from elsewhere."""
