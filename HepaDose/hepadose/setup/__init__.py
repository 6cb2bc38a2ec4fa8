"""Getting ready: the sample patient, what this computer can do, and how optional packages are installed.

Nothing here imports Slicer or changes the installation: panels and commands act on what is found and planned here.
"""
