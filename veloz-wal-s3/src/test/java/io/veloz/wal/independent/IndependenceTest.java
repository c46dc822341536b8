package io.veloz.wal.independent;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** The second reader is evidence only if it shares no code with the first one. */
class IndependenceTest {
    private static final String OWN = "io.veloz.wal.independent";

    @Test
    void independentReaderDoesNotDependOnTheLibrary() {
        JavaClasses own = new ClassFileImporter().importPackages(OWN);
        JavaClasses readers =
                own.that(not(com.tngtech.archunit.base.DescribedPredicate.describe("tests", IndependenceTest::isTest)));

        assertThat(readers.stream().map(JavaClass::getSimpleName))
                .contains("IndependentLog", "IndependentSegment", "IndependentArchive", "IndependentSlot");
        noClasses()
                .should()
                .dependOnClassesThat(resideInAPackage("io.veloz.wal..").and(resideOutsideOfPackage(OWN)))
                .check(readers);
    }

    private static boolean isTest(JavaClass aClass) {
        return aClass.getName().matches(".*Test(\\$.*)?");
    }
}
