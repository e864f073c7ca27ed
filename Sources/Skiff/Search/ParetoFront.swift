/// The files that a search made, and those of them that no other is both smaller and better than.
public struct ParetoFront: Sendable {
  /// All, the smallest first.
  public let candidates: [CompressionSearch.Candidate]

  /// Creates the front of some files.
  public init(of candidates: [CompressionSearch.Candidate]) {
    self.candidates = candidates.sorted { ($0.bytes, $0.loss) < ($1.bytes, $1.loss) }
  }

  /// Those that no other one is both smaller and better than, the smallest first.
  public var front: [CompressionSearch.Candidate] {
    var front: [CompressionSearch.Candidate] = []
    for candidate in candidates where candidate.loss < front.last?.loss ?? .infinity {
      front.append(candidate)
    }
    return front
  }

  /// A table with a header: bytes, loss, whether the file is on the front, and what each tensor became.
  public var csv: String {
    let front = Set(front)
    let rows = candidates.map { candidate in
      let plan = candidate.settings.map { "\($0.name)=\($0.text)" }.joined(separator: "; ")
      return
        "\(candidate.bytes),\(candidate.loss),\(front.contains(candidate)),\"\(plan.replacing("\"", with: "\"\""))\""
    }
    return (["bytes,loss,front,plan"] + rows).joined(separator: "\n") + "\n"
  }

  /// A picture (SVG): bytes to the right, loss upwards, the front as a line.
  public var svg: String {
    let shown = candidates.filter(\.loss.isFinite)
    let (width, height, margin) = (640.0, 400.0, 56.0)
    let (mostBytes, losses) = (Double(shown.map(\.bytes).max() ?? 1), shown.map(\.loss))
    let (least, greatest) = (min(0, losses.min() ?? 0), max(losses.max() ?? 1, 1e-12))
    func x(_ bytes: Double) -> Double { margin + (width - 2 * margin) * bytes / max(1, mostBytes) }
    func y(_ loss: Double) -> Double {
      height - margin - (height - 2 * margin) * (loss - least) / max(greatest - least, 1e-12)
    }
    func place(_ candidate: CompressionSearch.Candidate) -> String {
      "\(Float(x(Double(candidate.bytes)))),\(Float(y(candidate.loss)))"
    }
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" font-family=\"sans-serif\" font-size=\"12\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
    ]
    for part in 0...4 {
      let share = Double(part) / 4
      let (bytes, loss) = (mostBytes * share, least + (greatest - least) * share)
      lines += [
        "<path d=\"M\(Float(x(bytes))) \(Float(y(least)))V\(Float(y(greatest)))M\(Float(x(0))) \(Float(y(loss)))H\(Float(x(mostBytes)))\" stroke=\"#ddd\"/>",
        "<text x=\"\(Float(x(bytes)))\" y=\"\(Float(height - margin + 18))\" text-anchor=\"middle\">\(Int(bytes))</text>",
        "<text x=\"\(Float(margin - 6))\" y=\"\(Float(y(loss) + 4))\" text-anchor=\"end\">\(Float((loss * 1000).rounded() / 1000))</text>",
      ]
    }
    lines.append(
      "<text x=\"\(Int(width / 2))\" y=\"\(Int(height - 14))\" text-anchor=\"middle\">bytes</text>")
    lines.append("<text x=\"14\" y=\"\(Int(margin - 20))\">loss</text>")
    let front = front.filter(\.loss.isFinite).map(place).joined(separator: " ")
    lines.append("<polyline points=\"\(front)\" fill=\"none\" stroke=\"#c33\" stroke-width=\"2\"/>")
    for candidate in shown {
      let parts = place(candidate).split(separator: ",")
      lines.append(
        "<circle cx=\"\(parts[0])\" cy=\"\(parts[1])\" r=\"3\" fill=\"#336\"><title>\(candidate.bytes) bytes, loss \(Float(candidate.loss))</title></circle>"
      )
    }
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }
}
