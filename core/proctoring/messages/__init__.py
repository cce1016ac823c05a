"""What candidates and proctors write to one another, kept with the session it belongs to."""
