package io.veloz.wal.archive.internal.fill;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.internal.fill.FillModel.Mistake;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

class FillModelTest {
    @Test
    void filledLogIsCompleteFromItsFirstSegmentOnAndNothingThatWasTrimmedReturns() {
        FillModel model = new FillModel(Mistake.NONE);
        assertThat(model.check(2, 2, 3)).isNull();
        assertThat(model.worlds()).isGreaterThan(1_000);
        report("a fill with two trims", model);
    }

    @ParameterizedTest
    @EnumSource(value = Mistake.class, mode = Mode.EXCLUDE, names = "NONE")
    void modelDetectsAMistake(Mistake mistake) {
        FillModel model = new FillModel(mistake);
        String found = model.check(2, 2, 3);
        report(mistake + ": " + found, model);
        assertThat(found).isNotNull();
    }

    private static void report(String what, FillModel model) {
        System.out.println("model: " + what + ": " + model.worlds() + " worlds");
    }
}
