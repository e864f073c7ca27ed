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
    "AugMix", "CutMix", "RandAugment", "RandomElasticTransform", "RandomErasing", "RandomFlip",
    "RandomGaussianBlur", "RandomPerspective", "RandomRotation", "RandomSharpness", "RandomShear",
    "RandomTranslation", "RandomZoom", "Solarization",
  ].map { name in
    LayerMapping(name) { (call) throws(ModelError) in try call.real(call.input()) }
  }
  + [
    "MixUp", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter", "RandomContrast",
    "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPosterization", "RandomSaturation",
  ].map { name in
    // Keras 2 computes with real numbers from here on all the same.
    LayerMapping(name) { (call) throws(ModelError) in
      try call.importer.isKeras3 ? call.input() : call.real(call.input())
    }
  }
  + ["RandomHeight", "RandomWidth"].map { name in
    LayerMapping(name) { (call) throws(ModelError) in try call.input() }
  }
