import Foundation
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

/// docs/OPERATORS.md is made from the catalog; `SKIFF_UPDATE=1` writes it anew.
@Suite struct OperatorDocumentTests {
  @Test func theDocumentIsThatOfTheCatalog() throws {
    let path = Checkout.path("docs/OPERATORS.md")
    let document = Self.document(of: .standard)
    if TestRun.variable("SKIFF_UPDATE") == "1" {
      try document.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == document)
  }

  @Test(arguments: OperatorCatalog.standard.operators.map { $0.name })
  func everyOperatorIsDescribed(_ name: String) throws {
    let kind = try #require(OperatorCatalog.standard[name])
    #expect(kind.summary.hasSuffix("."))
    let attributes = Self.attributes(of: kind)
    #expect(Set(attributes.map(\.name)).count == attributes.count)
    for attribute in attributes { #expect(attribute.summary.hasSuffix("."), "\(attribute.name)") }
  }

  static func document(of catalog: OperatorCatalog) -> String {
    var lines = [
      "# Operators", "",
      "Made from the operator catalog by the tests of SkiffOperators (`SKIFF_UPDATE=1` writes it anew). An operand with `?` may",
      "be left out, one with `…` may occur any number of times. Reference: the operator has a kernel in plain Swift. Integers: it",
      "computes quantized tensors in integers.", "",
      "| operator | operands | reference | integers | meaning |", "|---|---|---|---|---|",
    ]
    for kind in catalog.operators {
      let standard = kind.init()
      let operands = kind.operands.map { operand in
        switch operand.kind {
        case .required: operand.name
        case .optional: "\(operand.name)?"
        case .variadic: "\(operand.name)…"
        }
      }
      let isInteger = standard is any QuantizedKernel || standard is any DataMovement
      lines.append(
        "| \(kind.name) | \(operands.joined(separator: ", ")) | \(standard is any ReferenceKernel || standard is any ControlFlow ? "yes" : "") | "
          + "\(isInteger ? "yes" : "") | \(kind.summary) |")
    }
    lines += ["", "## Attributes", ""]
    lines += [
      "Attributes that are not given have their standard value. A standard value never changes: files leave it out.",
      "",
    ]
    for kind in catalog.operators {
      let rows = attributes(of: kind)
      guard !rows.isEmpty else { continue }
      lines += ["### \(kind.name)", "", "| attribute | kind | standard | meaning |", "|---|---|---|---|"]
      lines += rows.map { "| \($0.name) | \($0.kind) | `\($0.standard)` | \($0.summary) |" }
      lines.append("")
    }
    return lines.joined(separator: "\n").trimmingCharacters(in: .newlines) + "\n"
  }

  private struct Row {
    let name: String
    let kind: String
    let standard: String
    let summary: String
  }

  private static func attributes<Kind: Operator>(of kind: Kind.Type) -> [Row] {
    let standard = Kind()
    return Kind.attributes.map {
      Row(name: $0.name, kind: $0.kind, standard: $0.get(standard).description, summary: $0.summary)
    }
  }
}
