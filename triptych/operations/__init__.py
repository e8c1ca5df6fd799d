"""Operations: dead letters and the books of all processes, for those who keep an installation running."""
