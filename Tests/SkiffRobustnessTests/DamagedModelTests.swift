import Foundation
import SkiffTestSupport
import Testing

/// Damaged files of every format through the whole stack: read, simplified, laid out, run and written, or refused.
@Suite struct DamagedModelTests {
  /// A small file, and the other half of its model where it is only a part.
  struct Subject: Sendable, CustomTestStringConvertible {
    let name: String
    var partner: String?
    /// The step of truncations in a normal run; 1 tries every byte.
    var step = 1

    var testDescription: String { name }
  }

  static let subjects = [
    Subject(name: "torch.opset13.onnx"), Subject(name: "torch.opset17.onnx"),
    Subject(name: "residual.int8.tflite"), Subject(name: "sequential.float.tflite"),
    Subject(name: "sequential.int8.tflite"), Subject(name: "residual.int8.skiff"),
    Subject(name: "torch.opset17.skiff"), Subject(name: "hard.keras", step: 7),
    Subject(name: "hard.keras2.h5", step: 100),
    Subject(name: "nested.keras2-weights.h5", partner: "nested.keras2.json", step: 500),
    Subject(name: "nested.keras2.json", partner: "nested.keras2-weights.h5", step: 50),
    Subject(name: "checkpoint.safetensors"), Subject(name: "nested.inputs.npz"), Subject(name: "array.npy"),
  ]

  /// Of a recipe many beginnings are one too.
  static let recipe = Subject(name: "every-key.recipe")

  @Test(arguments: subjects + [recipe], Seed.fixedAndFresh)
  func mutationsAreReadOrRefused(subject: Subject, seed: Seed) throws {
    let folder = try TemporaryFolder()
    let usesHelper = subject.name.hasSuffix(".h5") || subject.partner != nil
    let run = try RobustnessRun(
      "mutations", seed.value,
      count: TestRun.isFull ? 10_000 : usesHelper ? 100 : subject.name == Self.recipe.name ? 2000 : 400,
      file: files(of: subject, in: folder))
    #expect(run.failures.isEmpty, "\(run.failures.joined(separator: "\n"))")
    #expect(run.accepted > 0)
  }

  @Test(arguments: subjects) func truncationsAreReadOrRefused(subject: Subject) throws {
    let folder = try TemporaryFolder()
    let files = try files(of: subject, in: folder)
    let size = try Data(contentsOf: URL(fileURLWithPath: files[0])).count
    let step = TestRun.isFull ? 1 : subject.step
    let run = try RobustnessRun("truncations", UInt64(step), count: (size - 1) / step + 1, file: files)
    #expect(run.failures.isEmpty, "\(run.failures.joined(separator: "\n"))")
    #expect(run.accepted <= 2, "\(run.accepted) of \(subject.name) without its end were read")
  }

  /// What `Scripts/fuzz` found once.
  @Test func whatWasFoundIsReadOrRefused() throws {
    let folder = Checkout.path("Tests/FailCases")
    let count = try FileManager.default.contentsOfDirectory(atPath: folder).count(where: { $0.contains("-") })
    #expect(count > 0)
    let run = try RobustnessRun("files", 0, count: count, file: [folder])
    #expect(run.failures.isEmpty, "\(run.failures.joined(separator: "\n"))")
  }

  /// The subject's files; those that TestModels lacks are made.
  private func files(of subject: Subject, in folder: TemporaryFolder) throws -> [String] {
    let path = folder.path(subject.name)
    if subject.name.hasSuffix(".skiff") {
      let ending = subject.name.hasPrefix("torch") ? ".onnx" : ".tflite"
      let source = TestModel.path(subject.name.replacingOccurrences(of: ".skiff", with: ending))
      try runProcess(Product.path("skiff"), ["convert", source, "-o", path, "--no-check"])
      return [path]
    }
    if subject.name.hasSuffix(".safetensors") {
      var random = SeededGenerator(Seed(1))
      try Data(SafetensorsBytes.checkpoint(using: &random)).write(to: URL(fileURLWithPath: path))
      return [path]
    }
    if subject.name.hasSuffix(".npy") {
      let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
      let padded = header + String(repeating: " ", count: 117 - header.count) + "\n"
      let data = Data(
        [0x93] + "NUMPY".utf8 + [1, 0, 118, 0] + padded.utf8 + [UInt8](repeating: 1, count: 24))
      try data.write(to: URL(fileURLWithPath: path))
      return [path]
    }
    return [TestModel.path(subject.name)] + (subject.partner.map { [TestModel.path($0)] } ?? [])
  }
}
