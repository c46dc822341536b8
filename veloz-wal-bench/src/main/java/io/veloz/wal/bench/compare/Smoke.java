package io.veloz.wal.bench.compare;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.xml.sax.SAXException;

/**
 * What does not depend on the machine: every planned measurement has its metrics or a reason, and tables and plots are well
 * formed. That a replay has read exactly the records that were appended is a condition of its measurement.
 */
final class Smoke {
    private Smoke() {}

    /** @throws IllegalStateException if something is missing */
    static void check(Results results, Plan plan, Path directory) throws IOException {
        for (Plan.Measurement measurement : plan.measurements()) {
            String workload = measurement.workload();
            String log = measurement.log().name();
            boolean complete = Group.of(workload).required().stream()
                    .allMatch(metric -> results.median(workload, log, metric).isPresent());
            boolean excused = results.hasFailed(workload, log)
                    || (results.isUnsupported(workload, log) && !log.equals(ComparedLog.OWN));
            require(complete || excused, "no result of " + workload + ", " + log);
        }
        String table = Files.readString(directory.resolve("results.md"));
        for (String log : results.logs()) {
            require(table.contains("| " + log + " |"), "no line of " + log + " in results.md");
        }
        List<Path> plots = plots(directory);
        require(!plots.isEmpty(), "no plot in " + directory);
        for (Path plot : plots) {
            parse(plot);
        }
    }

    private static List<Path> plots(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".svg")).toList();
        }
    }

    static void parse(Path plot) throws IOException {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        try (InputStream in = Files.newInputStream(plot)) {
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            var root = factory.newDocumentBuilder().parse(in).getDocumentElement();
            require(root.getTagName().equals("svg"), plot + " is not an SVG");
        } catch (ParserConfigurationException | SAXException e) {
            throw new IllegalStateException(plot + " is not well formed", e);
        }
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalStateException("smoke test: " + message);
        }
    }
}
