"""Where something is: every process that had to do with it, with what each step asked and was answered."""
