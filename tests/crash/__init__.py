"""Processes killed with -9 again and again, over systems that help nobody, and judged by their books."""
