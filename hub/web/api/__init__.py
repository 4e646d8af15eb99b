"""The small API beside TAXII, for what TAXII has no words for: one file a concern."""
