"""stub"""


class Sheets:
    def __init__(self, *a):
        pass

    def files(self):
        return iter(())
