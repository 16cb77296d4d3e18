"""A plain engine, usable without the window, that turns a playlist into one continuous mix."""
