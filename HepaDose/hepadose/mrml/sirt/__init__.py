"""The steps of LiverSIRT on nodes, as the panel and scripts take them.

Every function takes the choices: the module's wrapped parameter node, or any object with the same attributes.
"""
