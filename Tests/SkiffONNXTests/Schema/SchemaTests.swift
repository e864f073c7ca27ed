import CProtobufC
import CSchemas
import Foundation
import SkiffTestSupport
import Testing

@Suite struct SchemaTests {
  /// Every field that a model can have, as `Message.field number type list`.
  private func fields() -> Set<String> {
    var lines: Set<String> = []
    var pending = [skiff_onnx_model_descriptor()]
    var seen: Set<UnsafeRawPointer> = []
    while let message = pending.popLast().flatMap({ $0 }) {
      guard seen.insert(UnsafeRawPointer(message)).inserted else { continue }
      let name = String(cString: message.pointee.name).replacingOccurrences(of: "skiff.onnx.", with: "")
      for field in UnsafeBufferPointer(start: message.pointee.fields, count: Int(message.pointee.n_fields)) {
        let isList = field.label == PROTOBUF_C_LABEL_REPEATED ? " list" : ""
        lines.insert("\(name).\(String(cString: field.name)) \(field.id) \(field.type.rawValue)\(isList)")
        if field.type == PROTOBUF_C_TYPE_MESSAGE {
          pending.append(field.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self))
        }
      }
    }
    return lines
  }

  @Test(.needsPeer(.check)) func theFieldsAreThoseOfThePackageOnnx() throws {
    let expected = Set(try Peer.check.run("onnx_fields.py", []).split(separator: "\n").map(String.init))
    #expect(expected.count > 100)
    #expect(fields().symmetricDifference(expected).sorted() == [])
  }

  /// Whether protoc-c is installed; other versions than 1.4 write other code for the same schema.
  private static let hasGenerator =
    (try? runProcess("/usr/bin/env", ["protoc-c", "--version"]))?.hasPrefix("protobuf-c 1.4") ?? false

  @Test(.enabled("needs protoc-c 1.4") { hasGenerator }) func theGeneratedCodeIsCurrent() throws {
    let folder = try TemporaryFolder()
    try runProcess("/bin/bash", [Checkout.path("Scripts/generate"), folder.url.path])
    for file in ["onnx.pb-c.c", "include/onnx.pb-c.h"] {
      let generated = try String(contentsOfFile: folder.path(file), encoding: .utf8)
      let kept = try String(contentsOfFile: Checkout.path("Sources/CSchemas/\(file)"), encoding: .utf8)
      #expect(generated == kept, "Scripts/generate makes another \(file)")
    }
  }
}
