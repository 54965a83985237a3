// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.service.component.annotations.ComponentPropertyType;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.service.metatype.annotations.Option;

/** Settings of reset-devices; the defaults are those of Indoh's v3, the specification and Linux. */
@ObjectClassDefinition
@ComponentPropertyType
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Config {

    /** When the reset is: T1 (by the panicked kernel), T3, T5b, T6, or none. */
    @AttributeDefinition(options = {@Option("none"), @Option("T1"), @Option("T3"),
        @Option("T5b"), @Option("T6")})
    String resetPhase() default "T3";

    /** When Bus Master Enable is cleared and interrupt pins disabled: likewise. */
    @AttributeDefinition(options = {@Option("none"), @Option("T1"), @Option("T3"),
        @Option("T5b"), @Option("T6")})
    String clearPhase() default "none";

    /** Whether downstream ports of switches are left out. */
    boolean rootPortsOnly() default false;

    /** Whether ports are left alone that lead to a VGA controller. */
    boolean sparesVga() default true;

    /** Whether config space is saved before and restored after. */
    boolean restoresConfig() default true;

    /** How long the reset bit stays set, in milliseconds. */
    @AttributeDefinition(min = "1", max = "60000")
    int resetMillis() default 2;

    /** How long devices are left alone afterwards, in milliseconds. */
    @AttributeDefinition(min = "0", max = "60000")
    int settleMillis() default 100;
}
