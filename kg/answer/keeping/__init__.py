"""Keeping: answers that are sent again for as long as nothing that they read has changed."""
