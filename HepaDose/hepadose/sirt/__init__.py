"""Y-90 radioembolization: activities, limits, shunt, decay, dose from images. Knows no images' files and no screen."""
