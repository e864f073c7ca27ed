import Foundation
import SkiffKeras
import SkiffONNX
import SkiffTFLite
import SkiffTestSupport
import Testing

/// docs/formats/imports.md is made from the tables of the formats; `SKIFF_UPDATE=1` writes it anew.
@Suite struct ImportDocumentTests {
  @Test func theDocumentIsThatOfTheTables() throws {
    let path = Checkout.path("docs/formats/imports.md")
    if TestRun.variable("SKIFF_UPDATE") == "1" {
      try Self.document.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == Self.document)
  }

  private static var document: String {
    let domains = SkiffONNX.ReadOperators.namesByDomain.sorted { $0.key < $1.key }
    return """
      # What is read

      Made from the tables of the formats by the tests of Skiff (`SKIFF_UPDATE=1` writes it anew). What is not here is refused by name, or in
      ONNX kept as it is where only part of a model is wanted. Single settings that are not read are refused where they occur.

      ## ONNX

      All versions up to that of operator set \(SkiffONNX.ReadOperators.newestVersion), functions, and bodies of If, Loop and Scan.

      \(domains.map { section($0.key.isEmpty ? "ONNX's own" : "`\($0.key)`", $0.value) }.joined(separator: "\n\n"))

      ## TensorFlow Lite

      \(section("Of the schema", SkiffTFLite.ReadOperators.builtin))

      \(section("Custom", SkiffTFLite.ReadOperators.custom))

      ## Keras

      Models of Keras 2 and 3: Sequential, functional, and models inside of models.

      \(section("Layers", ReadLayers.layers))

      \(section("Operators of Keras 3 (`keras.ops`), by their classes", ReadLayers.operators))

      \(section("Functions of TensorFlow in Keras 2", ReadLayers.functions))

      """
  }

  private static func section(_ title: String, _ names: [String]) -> String {
    "\(title) (\(names.count)): \(names.map { "`\($0)`" }.joined(separator: ", "))."
  }
}
