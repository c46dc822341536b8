package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

class PlotsTest {
    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }

    private static List<String> texts(Document svg) {
        NodeList nodes = svg.getElementsByTagName("text");
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            texts.add(nodes.item(i).getTextContent());
        }
        return texts;
    }

    @Test
    void eachGroupHasAPlotThatIsWellFormedAndNamesEveryLog() throws Exception {
        Map<String, String> plots = Plots.all(new Results(Samples.run()));

        assertThat(plots)
                .containsOnlyKeys("overview.svg", "durable.svg", "pipelined.svg", "rate.svg", "roll.svg", "replay.svg");
        for (Map.Entry<String, String> plot : plots.entrySet()) {
            Document document = parse(plot.getValue());
            assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
            assertThat(document.getDocumentElement().getAttribute("role")).isEqualTo("img");
            assertThat(document.getElementsByTagName("desc").item(0).getTextContent())
                    .as(plot.getKey())
                    .isNotBlank();
            if (!plot.getKey().equals("overview.svg")) {
                assertThat(texts(document)).as(plot.getKey()).contains("veloz-wal", "raw-group", "h2");
            }
        }
    }

    @Test
    void barsAreOrderedByTheirValue() throws Exception {
        List<String> texts = texts(parse(Plots.all(new Results(Samples.run())).get("pipelined.svg")));

        assertThat(texts).containsSubsequence("veloz-wal", "1,000,000", "raw-group", "500,000", "h2", "250,000");
    }

    @Test
    void floorIsMarkedWithItsValue() throws Exception {
        List<String> texts = texts(parse(Plots.all(new Results(Samples.run())).get("durable.svg")));

        assertThat(texts).contains("floor 5,500");
    }

    @Test
    void failedLogIsShownAsFailed() throws Exception {
        List<String> texts = texts(parse(Plots.all(new Results(Samples.run())).get("rate.svg")));

        assertThat(texts).containsSubsequence("20,000 records of 256 B a second, open loop", "h2", "failed");
    }

    @Test
    void namesAreEscaped() throws Exception {
        String name = "<a> & \"b\" 'c'";
        List<Row> rows = new ArrayList<>(Samples.rounds("durable-1", name, "ops", 10));
        rows.addAll(Samples.rounds("durable-1", "raw-group", "ops", 20));

        assertThat(texts(parse(Plots.all(new Results(rows)).get("durable.svg"))))
                .contains(name);
    }

    @Test
    void plotsDoNotDependOnTheDefaultLocale() {
        Map<String, String> expected = Plots.all(new Results(Samples.run()));
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));

            assertThat(Plots.all(new Results(Samples.run()))).isEqualTo(expected);
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void logarithmicAxisCoversWholeDecades() {
        LogScale scale = LogScale.over(30, 4_000, 100, 300);

        assertThat(scale.decades()).containsExactly(10.0, 100.0, 1_000.0, 10_000.0);
        assertThat(scale.at(10)).isEqualTo(100);
        assertThat(scale.at(100)).isEqualTo(200);
        assertThat(scale.at(1e9)).isEqualTo(400);
    }
}
