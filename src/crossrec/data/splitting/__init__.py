"""What cuts of every protocol are made of: the order of rows, persons dealt out."""
