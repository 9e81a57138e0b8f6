"""What programs tell of their windows themselves, over AT-SPI.

The worker starts a helper (`link.py`), a process of the desktop user with a connection to the accessibility bus
(`bus.py`) that reads nodes (`nodes.py`), looks for them (`looking.py`) and answers requests (`helper.py`). Nothing of
it runs, and nothing is imported, before it is asked for the first time.
"""
