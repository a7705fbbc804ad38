"""Models that score answers: asking them, what is asked, and keeping what they said."""
