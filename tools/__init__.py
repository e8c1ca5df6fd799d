"""The project's own tools: set-up, and the checks that no tool from elsewhere knows."""
