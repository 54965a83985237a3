// SPDX-License-Identifier: Apache-2.0
package iommu.api.kdump;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.osgi.service.component.annotations.ComponentPropertyType;

/** Names a policy; becomes the service properties kdump.policy.name and so on. */
@ComponentPropertyType
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
public @interface KdumpPolicy {

    /** Prefix of the service properties. */
    String PREFIX_ = "kdump.policy.";

    /** Name as users type it: lower case, words joined by hyphens. */
    String name();

    /** Vendors of units that the policy knows how to treat; none means any. */
    String[] vendors() default {};

    /** Whether it leaves the capture kernel alone: what the others are measured against. */
    boolean stock() default false;
}
