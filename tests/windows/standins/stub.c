/*
 * A stand-in for a Windows program: hands its arguments over to a Python script and gives back what that answers.
 *
 * Wine starts Unix programs, but gives no handle to wait for one, and .NET needs one. So this small Windows program is
 * what .NET starts. It writes C:\standins\calls\<id>\request, starts the Unix script C:\standins\run with the id, and
 * waits for the file `answer` there: the exit code in decimal. The script has by then written `out` and `err`, which
 * are passed on byte by byte.
 *
 * A request is UTF-16 without a byte order mark, each part ended by a zero: the program's name, the current folder, the
 * computer's name, then the arguments. Standard input is read, to its end, only where C:\standins\programs\NAME.stdin
 * exists: most programs never touch it, and a device's code may have left its own there.
 */

#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define FOLDER L"C:\\standins"
#define PATIENCE_MS 600000 /* nothing waits longer for a program, and no stand-in is left behind for ever */

int _dowildcard = 0; /* arguments come as they are: `/category:*` is no file name */

static int fail(const wchar_t *what)
{
    fwprintf(stderr, L"stand-in: cannot %ls: error %lu\n", what, GetLastError());
    return 250;
}

static HANDLE create(const wchar_t *folder, const wchar_t *name)
{
    wchar_t path[MAX_PATH];
    swprintf(path, MAX_PATH, L"%ls\\%ls", folder, name);
    return CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL);
}

static void put(HANDLE file, const wchar_t *text)
{
    DWORD written;
    WriteFile(file, text, (DWORD)((wcslen(text) + 1) * sizeof *text), &written, NULL);
}

static void copy(HANDLE from, HANDLE to)
{
    char buffer[65536];
    DWORD got, written;
    while (ReadFile(from, buffer, sizeof buffer, &got, NULL) && got > 0) {
        for (DWORD done = 0; done < got; done += written) {
            if (!WriteFile(to, buffer + done, got - done, &written, NULL)) return;
        }
    }
}

/* Pass a file of the answer on to one of our own handles, and delete it. */
static void pass_on(const wchar_t *folder, const wchar_t *name, DWORD handle)
{
    wchar_t path[MAX_PATH];
    swprintf(path, MAX_PATH, L"%ls\\%ls", folder, name);
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return;
    copy(file, GetStdHandle(handle));
    CloseHandle(file);
    DeleteFileW(path);
}

static void own_name(wchar_t *name)
{
    wchar_t path[MAX_PATH];
    GetModuleFileNameW(NULL, path, MAX_PATH);
    wchar_t *base = wcsrchr(path, L'\\');
    wcscpy(name, base ? base + 1 : path);
    wchar_t *dot = wcsrchr(name, L'.');
    if (dot) *dot = 0;
    _wcslwr(name);
}

static int wait_for(const wchar_t *folder)
{
    wchar_t path[MAX_PATH];
    swprintf(path, MAX_PATH, L"%ls\\answer", folder);
    for (DWORD waited = 0; waited < PATIENCE_MS; waited += 5) {
        HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
        if (file != INVALID_HANDLE_VALUE) {
            char text[32] = "";
            DWORD got;
            ReadFile(file, text, sizeof text - 1, &got, NULL);
            CloseHandle(file);
            DeleteFileW(path);
            return (int)strtoul(text, NULL, 10);
        }
        Sleep(5);
    }
    return 251;
}

int wmain(int count, wchar_t **arguments)
{
    wchar_t name[MAX_PATH], folder[MAX_PATH], current[4096], computer[64], path[MAX_PATH], command[MAX_PATH];
    DWORD length = 64;
    own_name(name);
    swprintf(folder, MAX_PATH, L"%ls\\calls\\%lu-%llu", FOLDER, GetCurrentProcessId(), GetTickCount64());
    if (!CreateDirectoryW(folder, NULL)) return fail(L"make a folder for the request");

    swprintf(path, MAX_PATH, L"%ls\\programs\\%ls.stdin", FOLDER, name);
    if (GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES) {
        HANDLE input = create(folder, L"input");
        copy(GetStdHandle(STD_INPUT_HANDLE), input);
        CloseHandle(input);
    }

    HANDLE request = create(folder, L"request");
    if (request == INVALID_HANDLE_VALUE) return fail(L"write the request");
    GetCurrentDirectoryW(4096, current);
    if (!GetComputerNameW(computer, &length)) wcscpy(computer, L"");
    put(request, name);
    put(request, current);
    put(request, computer);
    for (int index = 1; index < count; index++) put(request, arguments[index]);
    CloseHandle(request);

    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process = {0};
    swprintf(path, MAX_PATH, L"%ls\\run", FOLDER);
    swprintf(command, MAX_PATH, L"run %ls", wcsrchr(folder, L'\\') + 1);
    if (!CreateProcessW(path, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) return fail(L"start Python");

    int code = wait_for(folder);
    pass_on(folder, L"out", STD_OUTPUT_HANDLE);
    pass_on(folder, L"err", STD_ERROR_HANDLE);
    RemoveDirectoryW(folder);
    return code;
}
