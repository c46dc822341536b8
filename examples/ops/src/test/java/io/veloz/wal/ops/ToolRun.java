package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The result of one run of the tool in this process. */
record ToolRun(int exitCode, String out, String err) {
    static ToolRun of(Object... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = new Tool(Streams.of(out, err, 0))
                .run(Arrays.stream(args).map(String::valueOf).toArray(String[]::new));
        return new ToolRun(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    List<String> lines() {
        return out.lines().toList();
    }

    JsonNode json() {
        try {
            return new ObjectMapper().readTree(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ToolRun exits(int code) {
        assertThat(exitCode).as("exit code of a run with the error: %s", err).isEqualTo(code);
        return this;
    }

    /** Asserts that standard output is empty, and that standard error is one line without a stack trace. */
    ToolRun failsWith(String text) {
        return endsWith(ExitCode.FAILED, text);
    }

    ToolRun isRefusedWith(String text) {
        return endsWith(ExitCode.REFUSED, text);
    }

    private ToolRun endsWith(int code, String text) {
        exits(code);
        assertThat(out).isEmpty();
        assertThat(err.lines()).hasSize(1);
        assertThat(err).startsWith("error: ").contains(text).doesNotContain("\tat ");
        return this;
    }
}
