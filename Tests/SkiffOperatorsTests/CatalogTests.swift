import Foundation
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

@Suite struct CatalogTests {
  @Test func everyOperatorOfTheSourcesIsListed() throws {
    let folder = Checkout.path("Sources/SkiffOperators")
    var declared: Set<String> = [ForeignOperator.name]
    for file in try #require(FileManager.default.subpaths(atPath: folder)) where file.hasSuffix(".swift") {
      let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
      for match in text.matches(of: /public static let name = "(\w+)"/) { declared.insert(String(match.1)) }
    }
    #expect(declared == Set(OperatorCatalog.standard.operators.map { $0.name }))
  }

  @Test func operatorsDescribeThemselves() throws {
    for kind in OperatorCatalog.standard.operators {
      if kind != ForeignOperator.self { #expect("\(kind)" == kind.name) }
      #expect(kind.summary.hasSuffix(".") && !kind.summary.contains("\n"), "\(kind.name)")
      #expect(!kind.operands.isEmpty, "\(kind.name)")
      #expect(Set(kind.operands.map(\.name)).count == kind.operands.count, "\(kind.name)")
      try expectAttributesToRoundTrip(kind)
      #expect(
        kind.init() is any ReferenceKernel || kind.init() is any ControlFlow || kind == ForeignOperator.self
          || kind == Quantize.self || kind == IntegerLSTM.self,
        "\(kind.name)")
    }
  }

  private func expectAttributesToRoundTrip<Kind: Operator>(_ kind: Kind.Type) throws {
    var copy = Kind()
    #expect(Set(Kind.attributes.map(\.name)).count == Kind.attributes.count, "\(Kind.name)")
    for attribute in Kind.attributes {
      #expect(attribute.summary.hasSuffix("."), "\(Kind.name).\(attribute.name)")
      try copy.setAttribute(attribute.name, to: attribute.get(copy))
    }
    #expect(copy.isEqual(to: Kind()), "\(Kind.name)")
  }
}
