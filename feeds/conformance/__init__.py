"""What does a TAXII 2.1 server do that can be seen from outside? Asked by reading alone, judged row by row."""
