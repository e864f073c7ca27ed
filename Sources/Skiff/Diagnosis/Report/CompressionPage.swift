import SkiffBinary
import SkiffCompression
import SkiffIR

/// One page (HTML) that says what became of a model; it holds all that it shows and asks for nothing else.
///
/// Sections are added one after the other. Names from models are text and never markup, and the page is well-formed XML
/// too.
public struct CompressionPage: Sendable {
  /// What stands above the page.
  public let title: String
  private var sections: [String] = []

  /// Creates a page without sections.
  public init(title: String) { self.title = title }

  private mutating func add(_ heading: String, note: String? = nil, _ content: [Markup]) {
    let notes = note.map { [Markup.element("p", [("class", "note")], [.text($0)])] } ?? []
    sections.append(
      Markup.element("section", [], [.element("h2", heading)] + notes + content).description)
  }

  /// Adds what is to be known at once: names and values.
  public mutating func addSummary(_ facts: [(name: String, value: String)]) {
    add("Summary", [Markup.table([("", false), ("", false)], facts.map { [$0.name, $0.value] })])
  }

  /// Adds the error of each operator, how the results of the costliest are spread, what to do, and the operators as they follow
  /// each other.
  public mutating func add(_ diagnosis: Diagnosis, pictures limit: Int = 24) {
    let rows = diagnosis.costliest
    add(
      "What to do",
      diagnosis.advice.isEmpty
        ? [.element("p", "Nothing: no operator costs much, or much more than others.")]
        : [Self.list(diagnosis.advice)])
    add(
      "Outputs", note: "In \(diagnosis.runCount) runs beside the source.",
      [
        Markup.table(
          [
            ("output", false), ("SQNR dB", true), ("cosine", true), ("greatest error", true),
            ("same top 1", true),
          ],
          diagnosis.outputs.map { output in
            [
              output.name, output.signalToNoise.shortText, "\(Float(output.cosine))",
              output.maximumError.shortText, output.top1Agreement?.percentText ?? "-",
            ]
          })
      ])
    add(
      "Operators by the precision they cost",
      note:
        "\(diagnosis.comparedCount) of \(diagnosis.operators.count) operators have a value of the same name in the source. "
        + "= equals the source; lost: decibels between what comes in and what goes out; alone: beside the source's operator on the same operands; saturated: elements beyond the range; "
        + "unused: integers that never occur; rounding: integers that are others where a runtime rounds once; MACs: multiply-accumulates; B: bytes.",
      [
        Markup.table(
          DiagnosisTable.columns.map { ($0.title, $0.isNumber) }, rows.map(DiagnosisTable.cells))
      ])
    let spreads = rows.compactMap { row in row.spread.map { (row.name, $0) } }
    addPictures(
      "Values",
      note:
        "The results of \(min(limit, spreads.count)) of \(spreads.count) operators, those first that cost the most: ",
      spreads.prefix(limit).map { ($0, SpreadPicture(before: $1.reference, after: $1.candidate)) })
    add(
      "Graph", note: "The operators in the order in which they run.",
      [
        Markup.table(
          [("", true), ("operator", false), ("kind", false), ("operands", false), ("results", false)],
          diagnosis.operators.enumerated().map { index, row in
            [
              "\(index)", row.name, row.operatorName,
              row.inputs.map { $0.isEmpty ? "·" : $0 }.joined(separator: ", "),
              row.outputTypes.joined(separator: ", "),
            ]
          })
      ])
  }

  /// Adds what was noticed of samples.
  public mutating func add(_ findings: [Finding], heading: String) {
    add(heading, findings.isEmpty ? [.element("p", "Nothing was noticed.")] : [Self.list(findings)])
  }

  /// Adds what each constant takes of a file.
  public mutating func add(_ ledger: ByteLedger) {
    let rows = ledger.entries.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }.map { entry in
      [
        entry.name, entry.type, entry.sharedWith.map { "the bytes of \($0)" } ?? entry.form,
        "\(entry.bytes)", entry.bitsPerElement.shortText, entry.entropy?.shortText ?? "-",
        entry.next.map { "\($0.form): \($0.bytes)" } ?? "-",
      ]
    }
    add(
      "Bytes",
      note: "\(ledger.entries.count) tensors take \(ledger.bytes) bytes in a .skiff file"
        + (ledger.fileBytes.map { "; the file has \($0)." } ?? "."),
      [
        Markup.table(
          [
            ("tensor", false), ("type", false), ("form", false), ("bytes", true), ("bits each", true),
            ("entropy", true), ("next best form", false),
          ], rows)
      ])
  }

  /// Adds the files that a search made.
  public mutating func add(_ front: ParetoFront) {
    add("Search", [.element("figure", [], [.written(front.svg)])])
  }

  /// Adds how the numbers of the largest tensors of weights are spread, before and after.
  ///
  /// - Parameter limit: The most tensors.
  /// - Throws: Whatever materializing a constant throws.
  public mutating func addWeights(
    before: Graph, after: Graph, limit: Int = 48
  ) throws(ModelError) {
    let known = Dictionary(before.weights.map { (before[$0].name, $0) }) { first, _ in first }
    let shown = after.weights.prefix(limit)
    let pictures = try shown.map { id throws(ModelError) in
      let name = after[id].name
      let source = name.isEmpty ? nil : known[name]
      return (
        name.isEmpty ? "(no name)" : name,
        SpreadPicture(
          before: try source.map { id throws(ModelError) in try before.spread(of: id) },
          after: try after.spread(of: id))
      )
    }
    addPictures(
      "Weights", note: "The largest \(shown.count) of \(after.weights.count) tensors: ", pictures)
  }

  private mutating func addPictures(
    _ heading: String, note: String, _ pictures: [(name: String, SpreadPicture)]
  ) {
    add(
      heading,
      note: note
        + "grey in the source, if it has one of that name, red now. Heights are logarithms of counts.",
      [
        .element(
          "div", [("class", "figures")],
          pictures.map { name, picture in
            .element("figure", [], [picture.markup, .element("figcaption", name)])
          })
      ])
  }

  private static func list(_ findings: [Finding]) -> Markup {
    .element(
      "ul", [],
      findings.map { finding in
        .element(
          "li", [],
          (finding.place.isEmpty ? [] : [.element("code", finding.place), .text(" ")])
            + [.text("\(finding.message): "), .element("b", "\(finding.remedy).")])
      })
  }

  /// The page.
  public var html: String {
    let head = Markup.element(
      "head", [],
      [
        .element("meta", [("charset", "utf-8")], []),
        .element("meta", [("name", "viewport"), ("content", "width=device-width")], []),
        .element("title", title), .element("style", [], [.written(Self.style)]),
      ])
    let body = Markup.element(
      "body", [], [.element("h1", title)] + sections.map(Markup.written))
    let page = Markup.element(
      "html", [("xmlns", "http://www.w3.org/1999/xhtml"), ("lang", "en")], [head, body])
    return "<!DOCTYPE html>\n\(page.description)\n"
  }

  private static let style = """
    body{font:15px/1.45 system-ui,sans-serif;max-width:92rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
    h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
    .note{color:#666;font-size:.85rem;margin:.2rem 0 .6rem}.wide{overflow-x:auto}
    table{border-collapse:collapse;font-size:.85rem}
    td,th{padding:.2rem .6rem;border-bottom:1px solid #e4e4e4;text-align:left;white-space:nowrap}
    .n{text-align:right;font-variant-numeric:tabular-nums}code{background:#f2f2f2;padding:.1rem .3rem}
    li{margin:.3rem 0}.figures{display:flex;flex-wrap:wrap;gap:1rem}
    figure{margin:0;max-width:44rem}.figures figure{width:16rem}
    figcaption{font-size:.75rem;color:#444;overflow-wrap:anywhere}
    """
}

extension Graph {
  /// The constants of real numbers, or of integers that stand for some, with two axes or more, the largest first.
  fileprivate var weights: [ValueID] {
    constantIDs.filter { id in
      guard let type = self[id].constant?.type else { return false }
      return type.rank >= 2 && (type.dataType.isFloatingPoint || type.isQuantized)
    }.sorted { a, b in
      let (first, second) = (self[a].type?.shape.elementCount ?? 0, self[b].type?.shape.elementCount ?? 0)
      return (second, a) < (first, b)
    }
  }

  /// How the real numbers of a constant are spread.
  fileprivate func spread(of id: ValueID) throws(ModelError) -> Histogram {
    var spread = Histogram()
    try locating(Location(tensor: self[id].name)) { () throws(ModelError) in
      spread.add(finite: try self[id].constant?.materialize().dequantizedIfNeeded().floats() ?? [])
    }
    return spread
  }
}
