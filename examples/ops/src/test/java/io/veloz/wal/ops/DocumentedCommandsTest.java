package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** The commands that the documents and the help show: the tool accepts each of them. Nothing is run. */
class DocumentedCommandsTest {
    private static final Path ROOT =
            Path.of("").toAbsolutePath().resolve("../..").normalize();

    /** A command in a block of code, with or without a prompt; what follows in a pipe or a comment is not ours. */
    private static final Pattern LINE =
            Pattern.compile("(?m)^ *(?:\\$ )?(?:sudo (?:-u \\S+ )?)?veloz-wal ([^\n|#>&]+)");

    /** A command within a text, with the program's name or without. */
    private static final Pattern SPAN = Pattern.compile("`(?:veloz-wal )?([a-z-]+(?: [^`\n]*)?)`");

    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

    private static List<Path> documents() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
            List<Path> documents = new ArrayList<>(
                    files.filter(file -> file.getFileName().toString().endsWith(".md"))
                            .sorted()
                            .toList());
            documents.add(ROOT.resolve("README.md"));
            documents.add(ROOT.resolve("CHANGELOG.md"));
            return documents;
        }
    }

    private static String[] words(String command) {
        return WORD.matcher(command)
                .results()
                .map(word -> word.group().replaceAll("^['\"]|['\"]$", ""))
                .toArray(String[]::new);
    }

    private static void parse(String command) {
        new Tool(Streams.of(new ByteArrayOutputStream(), new ByteArrayOutputStream(), 0)).parse(words(command));
    }

    private static void assertAccepted(String command, Object where) {
        assertThatCode(() -> parse(command))
                .as("`veloz-wal %s` in %s", command, where)
                .doesNotThrowAnyException();
    }

    private static List<String> commandsOf(String text) {
        List<String> commands = new ArrayList<>();
        // A command that continues on the next line.
        Matcher matcher = LINE.matcher(text.replaceAll(" \\\\\n\\s*", " "));
        while (matcher.find()) {
            commands.add(matcher.group(1).strip());
        }
        return commands;
    }

    @Test
    void commandsInBlocksOfCodeAreAccepted() throws IOException {
        Map<String, Integer> found = new TreeMap<>();
        for (Path document : documents()) {
            for (String command : commandsOf(Files.readString(document))) {
                assertAccepted(command, document);
                found.merge(document.getFileName().toString(), 1, Integer::sum);
            }
        }
        assertThat(found.get("disaster-recovery.md")).isGreaterThanOrEqualTo(12);
        assertThat(found.get("tool.md")).isGreaterThanOrEqualTo(10);
    }

    @Test
    void commandsWithinTextsHaveOptionsThatExist() throws IOException {
        List<String> names = ToolRun.of("help")
                .out()
                .lines()
                .filter(line -> line.matches("  [a-z-]+ .*"))
                .map(line -> line.strip().split(" ", 2)[0])
                .toList();
        int found = 0;
        for (Path document : documents()) {
            Matcher span = SPAN.matcher(Files.readString(document).replaceAll("(?ms)^```.*?^```$", ""));
            while (span.find()) {
                String command = span.group(1);
                // A choice such as systemd|cron stands for one of its words; brackets mark what may be left out; N and
                // EPOCH are numbers, and T is a time.
                String one = command.replaceAll("\\|[A-Za-z]+", "")
                        .replaceAll("[\\[\\]]", "")
                        .replaceAll("\\b(N|EPOCH)\\b", "1")
                        .replaceAll("\\bT\\b", "2026-11-22T14:30:00Z");
                boolean isCommand = span.group().startsWith("`veloz-wal ") || one.contains(" --");
                if (isCommand && names.contains(words(one)[0])) {
                    found++;
                    assertThatCode(() -> parseIncomplete(one))
                            .as("`%s` in %s", command, document)
                            .doesNotThrowAnyException();
                }
            }
        }
        assertThat(found).isGreaterThan(30);
    }

    /** A text names only the options that it is about, so what is missing is added. */
    private static void parseIncomplete(String command) {
        String whole = command;
        for (int missing = 0; missing < 5; missing++) {
            try {
                parse(whole);
                return;
            } catch (MissingParameterException e) {
                whole = withMissing(whole, e.getMissing().get(0));
            }
        }
        parse(whole);
    }

    private static String withMissing(String command, ArgSpec missing) {
        if (!(missing instanceof OptionSpec option)) {
            // FORMAT of a schedule is an enumeration; every other parameter takes any word.
            return command + " cron";
        }
        String name = option.longestName();
        String value = name + (option.type() == Path.class ? " x" : " 1");
        return command.contains(name) ? command.replace(name, value) : command + " " + value;
    }

    @Test
    void examplesInTheHelpAreAccepted() {
        int found = 0;
        String help = ToolRun.of("help").out();
        for (String name : help.lines()
                .filter(line -> line.matches("  [a-z][a-z-]+ .*"))
                .map(line -> line.strip().split(" ", 2)[0])
                .toList()) {
            for (String command : commandsOf(ToolRun.of(name, "--help").out())) {
                assertAccepted(command, name + " --help");
                found++;
            }
        }
        assertThat(found).isGreaterThan(40);
    }

    @Test
    void commandWithAnUnknownOptionIsNotAccepted() {
        assertThat(commandsOf("text\n```\n$ veloz-wal recover --cleanup --profile \\\n    F   # why\n```\n"))
                .containsExactly("recover --cleanup --profile F");
        assertThatThrownBy(() -> parse("recover --cleanup --profile F"))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining("--cleanup");
        assertThatThrownBy(() -> parseIncomplete("recover --cleanup")).hasMessageContaining("--cleanup");
    }
}
