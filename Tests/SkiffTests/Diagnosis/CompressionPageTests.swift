import Foundation
import Skiff
import SkiffIR
import SkiffOperators
import SkiffTestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The page about a compressed model.
@Suite struct CompressionPageTests {
  /// A page as an XML parser sees it.
  private final class Reader: NSObject, XMLParserDelegate {
    private(set) var elements: [String] = []
    private(set) var attributes: [(String, String)] = []
    private(set) var text = ""

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      elements.append(name)
      self.attributes += attributes.map { ($0.key, $0.value) }
    }

    func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

    init(_ page: String) throws {
      super.init()
      let parser = XMLParser(data: Data(page.utf8))
      parser.delegate = self
      let isWellFormed = parser.parse()
      #expect(isWellFormed, "\(String(describing: parser.parserError)), line \(parser.lineNumber)")
    }
  }

  private func page(name: String) throws -> String {
    var graph = Graph()
    let x = graph.addInput("x" + name, TensorType(.float32, [2, 3]))
    let w = graph.addConstant(
      Tensor((0..<96).map { Float($0) - 40 }, shape: [32, 3]), name: "w" + name)
    let y = try graph.addNode(
      FullyConnected(), [x, w], name: "node" + name, origins: [], outputNames: ["y" + name], types: [nil])[0]
    graph.addOutput(y, name: "y" + name)
    let run = ["x" + name: Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])]
    var spoiled = graph
    spoiled.setConstant(w, to: Constant(Tensor((0..<96).map { Float(30 - $0) }, shape: [32, 3])))
    var page = CompressionPage(title: "title" + name)
    page.addSummary([("model" + name, "value" + name)])
    page.add(try Diagnosis(reference: graph, candidate: spoiled, runs: [run]))
    page.add(try ByteLedger(of: Model(graph, name: name)))
    try page.addWeights(before: graph, after: spoiled)
    page.add(
      ParetoFront(of: [CompressionSearch.Candidate(bytes: 3, loss: 1, settings: [])]))
    return page.html
  }

  @Test(arguments: [
    "<b>\"&'", "]]>", "</table><script>alert(1)</script>", "<!--", "&amp;", "\u{1}\u{FFFE}", "{}</style>",
    "é\u{1F40B}",
  ])
  func namesAreTextAndNeverMarkup(name: String) throws {
    let (plain, found) = (try Reader(page(name: "")), try Reader(page(name: name)))
    #expect(found.elements == plain.elements)
    let shown = String(
      name.unicodeScalars.map { $0.value < 32 || $0.value == 0xFFFE ? "\u{FFFD}" : Character($0) })
    for part in ["title", "model", "value", "node", "x", "y", "w"] {
      #expect(found.text.contains(part + shown), "\(part)")
    }
  }

  @Test func thePageAsksForNothingElse() throws {
    let page = try page(name: "")
    let reader = try Reader(page)
    #expect(!reader.elements.contains { ["script", "link", "img", "iframe", "object"].contains($0) })
    #expect(!reader.attributes.contains { ["src", "href", "style"].contains($0.0) })
    #expect(!page.contains("url(") && !page.contains("@import"))
    // A search's files, a tensor of weights and the result of an operator, each before and after.
    #expect(reader.elements.count { $0 == "svg" } == 3)
  }
}
