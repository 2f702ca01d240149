"""What people note about calls: asked for, and shown."""
