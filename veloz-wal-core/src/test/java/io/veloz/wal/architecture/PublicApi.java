package io.veloz.wal.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;

/** The rule for the public API of every module. */
public final class PublicApi {
    private PublicApi() {}

    public static ArchCondition<JavaClass> useOnlyOwnAndJavaTypesInPublicMembers() {
        return new ArchCondition<>("use only own and Java types in public members") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (JavaMember member : type.getMembers()) {
                    if (!member.getModifiers().contains(JavaModifier.PUBLIC)) {
                        continue;
                    }
                    Set<JavaClass> types = member.getAllInvolvedRawTypes();
                    if (member instanceof JavaMethod method) {
                        types.addAll(method.getExceptionTypes().stream()
                                .map(t -> t.toErasure())
                                .toList());
                    }
                    for (JavaClass used : types) {
                        String name = used.getBaseComponentType().getPackageName();
                        boolean known = name.isEmpty() || name.startsWith("java.") || name.startsWith("io.veloz.wal");
                        if (!known || (name + ".").contains(".internal.")) {
                            events.add(SimpleConditionEvent.violated(
                                    member, member.getFullName() + " uses " + used.getName()));
                        }
                    }
                }
            }
        };
    }
}
