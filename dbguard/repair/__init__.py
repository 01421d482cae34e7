"""What a fix is made of: edits, the places they stand in, and the code around a finding."""
