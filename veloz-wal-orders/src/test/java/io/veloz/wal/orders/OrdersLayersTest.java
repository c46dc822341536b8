package io.veloz.wal.orders;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.veloz.wal.architecture.PublicApi;
import org.junit.jupiter.api.Test;

class OrdersLayersTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.veloz.wal.orders", "io.veloz.wal.legacy");

    /** Except for the future that rejects a wait for itself, in the package that the layers share. */
    @Test
    void ordersUseOnlyThePublicApiOfTheLog() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAPackage("io.veloz.wal.internal.*.."))
                .check(CLASSES);
    }

    @Test
    void ordersDoNotDependOnTheOldLogs() {
        noClasses()
                .that()
                .resideInAPackage("io.veloz.wal.orders")
                .should()
                .dependOnClassesThat(resideInAPackage("io.veloz.wal.legacy"))
                .check(CLASSES);
    }

    @Test
    void publicApiContainsNoThirdPartyTypes() {
        classes()
                .that()
                .arePublic()
                .should(PublicApi.useOnlyOwnAndJavaTypesInPublicMembers())
                .check(CLASSES);
    }
}
