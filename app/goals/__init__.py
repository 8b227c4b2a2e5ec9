"""Goals that people save or pay down for, the terms of their loans, and plans out of debt."""
