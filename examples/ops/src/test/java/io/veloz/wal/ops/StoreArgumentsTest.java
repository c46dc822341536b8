package io.veloz.wal.ops;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreArgumentsTest {
    @Test
    void argumentsWithASchemeAreUris() {
        assertThat(StoreArguments.isUri("s3://bucket/prefix")).isTrue();
        assertThat(StoreArguments.isUri("file:relative")).isTrue();
        assertThat(StoreArguments.isUri("/var/lib/wal")).isFalse();
        assertThat(StoreArguments.isUri("./s3:odd")).isFalse();
        assertThat(StoreArguments.isUri("C:\\wal")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "probe s3x://bucket/prefix",
                "probe --endpoint https://store.example file:relative",
                "probe --endpoint https://user:hush@store.example s3://bucket/prefix",
                "probe s3://key:hush@bucket/prefix",
                "probe --sse rot13 s3://bucket/prefix",
                "verify --region eu-west-1 somewhere",
                "status --max-behind 1 s3://bucket/prefix",
                "status s3://bucket/a s3://bucket/b",
                "restore --until-time soon s3://bucket/prefix somewhere",
                "restore --parallel 0 s3://bucket/prefix somewhere",
                "ship --flush-interval 0s somewhere s3://bucket/prefix"
            })
    void invalidArgumentsAreAUsageErrorThatPrintsNoSecret(String line) {
        ToolRun run = ToolRun.of((Object[]) line.split(" ")).exits(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("error: ").contains("--help").doesNotContain("hush");
    }
}
