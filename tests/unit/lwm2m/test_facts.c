/* SPDX-License-Identifier: Apache-2.0 */
/* What our object tables claim, beside the facts of the OMA registry (tests/vectors/lwm2m/objects.json) for the object version that we announce. */
#include <jansson.h>

#include "harness.h"

static json_t *facts;

/* What an object without ";ver=" is: of LwM2M 1.1 (Core TS 1.1.1 clause 7.2.2), or what a server of 1.2 is told. */
static const char *version_of(const struct object *object)
{
    if (object->version)
        return object->version;
    return object->core_version ? object->core_version : object->id == 0 || object == &object_staged_server ? "1.1" : "1.0";
}

static json_t *find_object(uint16_t id, const char *version)
{
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(facts, "objects"), i, o)
        if (json_integer_value(json_object_get(o, "id")) == id && strcmp(json_string_value(json_object_get(o, "version")), version) == 0)
            return o;
    g_error("object %u %s is not in the registry", id, version);
}

static json_t *find_resource(json_t *object, uint16_t id)
{
    size_t i;
    json_t *r;
    json_array_foreach(json_object_get(object, "resources"), i, r)
        if (json_integer_value(json_object_get(r, "id")) == id)
            return r;
    return NULL;
}

static unsigned operations(json_t *resource)
{
    const char *text = json_string_value(json_object_get(resource, "operations"));
    return (strchr(text, 'R') ? OPERATION_READ : 0u) | (strchr(text, 'W') ? OPERATION_WRITE : 0u) | (strchr(text, 'E') ? OPERATION_EXECUTE : 0u);
}

static enum value_type type(json_t *resource)
{
    static const char *const names[] = { [VALUE_NONE] = "", [VALUE_STRING] = "String", [VALUE_INTEGER] = "Integer", [VALUE_UNSIGNED] = "Unsigned Integer",
                                         [VALUE_FLOAT] = "Float", [VALUE_BOOLEAN] = "Boolean", [VALUE_OPAQUE] = "Opaque", [VALUE_TIME] = "Time",
                                         [VALUE_OBJLNK] = "Objlnk", [VALUE_CORELNK] = "Corelnk" };
    const char *text = json_string_value(json_object_get(resource, "type"));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], text) == 0)
            return (enum value_type)i;
    g_error("type %s", text);
}

/* The registry lets a server write these; here it may only read: the clock and its zone are the system's, the addresses of an access point its network's. */
static bool only_read(uint16_t object, uint16_t resource)
{
    return (object == 11 && resource >= 15 && resource <= 20) || (object == 3 && (resource == 13 || resource == 14 || resource == 15));
}

static void check_row(const struct object *object, const struct resource *row, json_t *fact, bool managed)
{
    g_test_message("/%u/x/%u", object->id, row->id);
    g_assert_nonnull(fact);
    g_assert_cmpint(row->type, ==, type(fact));
    g_assert_true(row->multiple == json_boolean_value(json_object_get(fact, "multiple")));
    unsigned expected = operations(fact);
    if (only_read(object->id, row->id)) {
        g_assert_cmpuint(expected, ==, OPERATION_READ | OPERATION_WRITE);
        expected = OPERATION_READ;
    }
    if (object->id == 11 && row->id == 6)
        expected = OPERATION_WRITE; /* a secret is nobody's to read */
    if (!managed)
        return; /* a bootstrap server writes what others may only read */
    g_assert_cmpuint(row->operations, ==, expected);
    g_assert_true(!(expected & OPERATION_READ) == !row->read && !(expected & OPERATION_WRITE) == !row->write && !(expected & OPERATION_EXECUTE) == !row->execute);
    if (row->write)
        g_assert_true(row->mandatory == json_boolean_value(json_object_get(fact, "mandatory")));
}

static void check_object(const struct object *object, bool managed)
{
    json_t *fact = find_object(object->id, version_of(object)), *r;
    size_t i;
    for (i = 0; i < object->count; i++) {
        check_row(object, &object->resources[i], find_resource(fact, object->resources[i].id), managed);
        g_assert_true(i == 0 || object->resources[i - 1].id < object->resources[i].id);
    }
    json_array_foreach(json_object_get(fact, "resources"), i, r) {
        uint16_t id = (uint16_t)json_integer_value(json_object_get(r, "id"));
        g_test_message("mandatory /%u/x/%u", object->id, id);
        g_assert_true(!json_boolean_value(json_object_get(r, "mandatory")) || resource_find(object, id) || (!managed && operations(r) == OPERATION_EXECUTE));
    }
    if (!json_boolean_value(json_object_get(fact, "multiple")))
        g_assert_true(!object->create && !object->remove);
}

static void test_managed(void)
{
    static const struct model *const models[] = { &model_managed, &model_managed_1_2 };
    for (size_t m = 0; m < G_N_ELEMENTS(models); m++)
        for (size_t i = 0; i < models[m]->count; i++) {
            check_object(models[m]->objects[i], true);
            g_assert_true(i == 0 || models[m]->objects[i - 1]->id < models[m]->objects[i]->id);
        }
    g_assert_cmpstr(version_of(model_managed.objects[0]), ==, "1.1");
    g_assert_cmpstr(version_of(model_managed_1_2.objects[0]), ==, "1.2");
}

static void test_bootstrap(void)
{
    for (size_t i = 0; i < model_bootstrap.count; i++)
        check_object(model_bootstrap.objects[i], false);
}

/* Clause 7.2.2: the version of an object that the enabler does not define is told when it is not 1.0. */
static void test_versions(void)
{
    for (size_t i = 0; i < model_managed.count; i++) {
        const struct object *o = model_managed.objects[i];
        json_t *fact = find_object(o->id, version_of(o));
        g_assert_cmpstr(json_string_value(json_object_get(fact, "lwm2m_version")), <=, "1.1");
        g_assert_true(o->version || o->id <= 7 || strcmp(version_of(o), "1.0") == 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    json_error_t error;
    facts = json_load_file(g_getenv("OBJECT_FACTS"), 0, &error);
    if (!facts)
        g_error("OBJECT_FACTS: %s", error.text);
    g_test_add_func("/lwm2m/facts/managed", test_managed);
    g_test_add_func("/lwm2m/facts/bootstrap", test_bootstrap);
    g_test_add_func("/lwm2m/facts/versions", test_versions);
    int failed = g_test_run();
    json_decref(facts);
    return failed;
}
