"""What was promised, a module for each kind of trouble: each breaks something and says what came of it."""
