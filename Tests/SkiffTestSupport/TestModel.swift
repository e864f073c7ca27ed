import Foundation
import SkiffNumPy

/// The models of the folder TestModels, with their data.
package enum TestModel {
  /// The path of a file of the folder: `sequential.keras2.h5`.
  package static func path(_ name: String) -> String { Checkout.path("TestModels/\(name)") }

  /// An array of one of the folder's .npz files.
  package static func array(_ name: String, in file: String) throws -> NumPyArray {
    guard let array = try NumPyArchive(mapping: path(file)).array(named: name) else {
      throw TestSupportError("TestModels/\(file) has no array '\(name)'")
    }
    return array
  }

  /// The images that models are scored on, by the name of the models' input; channels last or first.
  package static func testImages(channelsLast: Bool) throws -> NumPyArray {
    try array("image", in: channelsLast ? "test.nhwc.npz" : "test.nchw.npz")
  }

  /// The digits of the test images.
  package static func labels() throws -> [UInt8] { try array("label", in: "labels.npz").elements() }

  /// The float outputs of the framework that made the model `sequential`, `residual` or `torch`, for the test images.
  package static func expectedScores(_ model: String) throws -> [Float] {
    try array("scores", in: "\(model).expected.npz").elements()
  }

  /// How many rows of `scores`, ten each, are largest at their label.
  package static func countRight<Score: Comparable>(_ scores: [Score]) throws -> Int {
    let labels = try labels()
    guard scores.count == labels.count * 10 else {
      throw TestSupportError("\(scores.count) scores for \(labels.count) images of ten digits")
    }
    return labels.indices.count { row in
      let digits = 0..<10
      return digits.max { scores[row * 10 + $0] < scores[row * 10 + $1] } == Int(labels[row])
    }
  }
}
