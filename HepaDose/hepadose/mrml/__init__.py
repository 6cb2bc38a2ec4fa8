"""MRML nodes from and to the library's images and results: the only package that knows Slicer, VTK and RAS.

Every function takes the scene as its first argument: inside 3D Slicer ``slicer.mrmlScene``, elsewhere the scene of
:func:`hepadose.mrml.headless.new_headless_scene`. Nothing here needs ``slicer.app``, ``slicer.modules`` or a screen.
"""
