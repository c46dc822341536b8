package io.veloz.wal.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.veloz.wal.ops.Main;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs commands of the operator's tool, each in its own process, as an operator would. Not thread-safe. */
final class OperatorTool {
    private static final long TIMEOUT_SECONDS = 120;
    private static final int MAX_CHARS = 2_000;

    private final Path directory;
    private final Map<String, String> environment;

    /** @param directory for the output of the commands */
    OperatorTool(Path directory, Map<String, String> environment) {
        this.directory = directory;
        this.environment = environment;
    }

    /**
     * Runs a command with {@code --json}, and returns its result: the values by their paths, such as {@code took_ns/switch} or
     * {@code gates/0}.
     *
     * @throws IOException if its exit code is neither 0 nor 1, which is success with findings
     */
    Map<String, String> run(List<String> arguments) throws IOException, InterruptedException {
        Path output = directory.resolve(arguments.get(0) + ".json");
        Path errors = directory.resolve(arguments.get(0) + ".txt");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(arguments);
        command.add("--json");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(
                        "veloz-wal " + arguments.get(0) + " did not return within " + TIMEOUT_SECONDS + " s");
            }
        } finally {
            process.destroyForcibly();
        }
        if (process.exitValue() > 1) {
            String text = Files.readString(errors).strip() + " "
                    + Files.readString(output).strip();
            throw new IOException("veloz-wal " + arguments.get(0) + " ended with exit code " + process.exitValue()
                    + ": " + text.substring(0, Math.min(MAX_CHARS, text.length())));
        }
        return values(output);
    }

    private static Map<String, String> values(Path json) throws IOException {
        Map<String, String> values = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(json.toFile())) {
            while (parser.nextToken() != null) {
                JsonToken token = parser.currentToken();
                if (token.isScalarValue()) {
                    String path = parser.getParsingContext()
                            .pathAsPointer()
                            .toString()
                            .substring(1);
                    values.put(path, parser.getText());
                }
            }
        }
        return values;
    }

    /** Returns the values under a path by their names, in order. */
    static Map<String, String> under(Map<String, String> values, String path) {
        Map<String, String> under = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            if (name.startsWith(path + "/")) {
                under.put(name.substring(path.length() + 1), value);
            }
        });
        return under;
    }
}
