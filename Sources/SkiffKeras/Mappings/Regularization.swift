import SkiffBinary

/// What changes training only: at inference its input passes through.
let regularizationMappings: [LayerMapping] =
  [
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise",
    "AlphaDropout", "ActivityRegularization",
  ].map { name in
    LayerMapping(name, masking: .kept) { (call) throws(ModelError) in try call.input() }
  }
  + [
    "AugMix", "CutMix", "MixUp", "RandAugment", "RandomBrightness", "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast", "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHeight", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation",
    "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomWidth", "RandomZoom",
    "Solarization",
  ].map { name in
    LayerMapping(name) { (call) throws(ModelError) in try call.input() }
  }
