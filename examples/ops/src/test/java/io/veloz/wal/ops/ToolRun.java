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

/** One run of the tool inside this process, and what came of it. */
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
        assertThat(exitCode).as("exit code of a run that said: %s", err).isEqualTo(code);
        return this;
    }

    /** Nothing on standard output, and one line that says why, with no trace of the source. */
    ToolRun failsSaying(String text) {
        return endsSaying(ExitCode.FAILED, text);
    }

    ToolRun isRefusedSaying(String text) {
        return endsSaying(ExitCode.REFUSED, text);
    }

    private ToolRun endsSaying(int code, String text) {
        exits(code);
        assertThat(out).isEmpty();
        assertThat(err.lines()).hasSize(1);
        assertThat(err).startsWith("error: ").contains(text).doesNotContain("\tat ");
        return this;
    }
}
