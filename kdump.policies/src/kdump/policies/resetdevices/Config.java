// SPDX-License-Identifier: Apache-2.0
package kdump.policies.resetdevices;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.service.component.annotations.ComponentPropertyType;

/** Settings of reset-devices; the defaults are those of Indoh's v3, the specification and Linux. */
@ComponentPropertyType
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Config {

    /** When the reset is: T1 (by the panicked kernel), T3, T5b, T6, or none. */
    String resetPhase() default "T3";

    /** When Bus Master Enable is cleared and interrupt pins disabled: likewise. */
    String clearPhase() default "none";

    /** Whether downstream ports of switches are left out. */
    boolean rootPortsOnly() default false;

    /** Whether ports are left alone that lead to a VGA controller. */
    boolean sparesVga() default true;

    /** Whether config space is saved before and restored after. */
    boolean restoresConfig() default true;

    /** How long the reset bit stays set, in milliseconds. */
    int resetMillis() default 2;

    /** How long devices are left alone afterwards, in milliseconds. */
    int settleMillis() default 100;
}
