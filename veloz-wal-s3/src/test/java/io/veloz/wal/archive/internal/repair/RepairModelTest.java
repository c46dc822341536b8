package io.veloz.wal.archive.internal.repair;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.repair.RepairModel.Mistake;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("enumeration")
class RepairModelTest {
    @Test
    void protocolHoldsInAllWorlds() {
        RepairModel model = new RepairModel(Mistake.NONE);
        assertThat(model.check(1)).isNull();
        assertThat(model.worlds()).isGreaterThan(1_000);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void mistakeIsFound(Mistake mistake) {
        assertThat(new RepairModel(mistake).check(1)).isNotNull();
    }
}
