package io.veloz.wal.legacy;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LegacyTruthTest {
    @TempDir
    Path scratch;

    @ParameterizedTest
    @MethodSource("io.veloz.wal.legacy.LegacyCases#all")
    void show(String name) {
        LegacyReplay replay = LegacyCases.log(name, scratch).replay(LegacyMode.DEFAULT);
        System.out.println("== " + name + " " + replay.orders().size() + " " + replay.stats());
        replay.findings().forEach(System.out::println);
    }
}
